import { describe, expect, it } from "vitest";
import { type Caller, decideByIdentity, evaluate, type ResourceSide } from "../../../../src/auth/policy/evaluate.ts";
import { readPolicy } from "../../../../src/auth/policy/parse.ts";

// What a statement is about: each of its elements, said or denied, that fit or do not.

const OWN = "111122223333";
const OTHER = "444455556666";
const USER = `arn:aws:iam::${OWN}:user/ann`;
const ACTION = "s3:GetObject";
const RESOURCE = "arn:aws:s3:::photos/a";
const CONTEXT = (key: string) => (key === "aws:useragent" ? ["curl/8"] : undefined);

interface Shape {
  readonly action: readonly ["Action" | "NotAction", fits: boolean];
  readonly resource: readonly ["Resource" | "NotResource", fits: boolean];
  readonly condition: boolean | undefined;
  readonly effect: "Allow" | "Deny";
}

const SHAPES: Shape[] = (["Allow", "Deny"] as const).flatMap((effect) =>
  (["Action", "NotAction"] as const).flatMap((action) =>
    (["Resource", "NotResource"] as const).flatMap((resource) =>
      [true, false].flatMap((actionFits) =>
        [true, false].flatMap((resourceFits) =>
          [undefined, true, false].map((condition): Shape => ({
            effect,
            action: [action, actionFits],
            resource: [resource, resourceFits],
            condition,
          })),
        ),
      ),
    ),
  ),
);

/** `NotAction` is about what it does not name (IAM, "NotAction", "NotResource"). */
function isAbout({ action, resource, condition }: Shape): boolean {
  const [[actionElement, actionFits], [resourceElement, resourceFits]] = [action, resource];
  return (
    (actionElement === "Action") === actionFits &&
    (resourceElement === "Resource") === resourceFits &&
    condition !== false
  );
}

function statementOf({ effect, action, resource, condition }: Shape) {
  return {
    Effect: effect,
    [action[0]]: action[1] ? "s3:Get*" : "s3:Put*",
    [resource[0]]: resource[1] ? "arn:aws:s3:::photos/*" : "arn:aws:s3:::other/*",
    ...(condition !== undefined && { Condition: { StringLike: { "aws:UserAgent": condition ? "curl/*" : "wget/*" } } }),
  };
}

describe("a statement of an identity", () => {
  it.each(SHAPES)("%j decides what it is about, and nothing else", (shape) => {
    // Something has to allow what is not denied.
    const basis = shape.effect === "Deny" ? [{ Effect: "Allow", Action: "*", Resource: "*" }] : [];
    const policy = { Version: "2012-10-17", Statement: [statementOf(shape), ...basis] };
    const identity = [{ name: "own", policy: readPolicy(policy, "identity") }];
    const caller: Caller = { kind: "account", accountId: OWN, principal: { arn: USER, permissions: { identity } } };
    const request = { caller, action: ACTION, resource: RESOURCE, context: CONTEXT };
    const { allowed } = decideByIdentity(request, { identity });
    expect(allowed).toBe(isAbout(shape) === (shape.effect === "Allow"));
  });
});

const ANYBODY: Caller = { kind: "anonymous" };
const root = (accountId: string): Caller => ({ kind: "account", accountId });
const ann: Caller = {
  kind: "account",
  accountId: OWN,
  principal: {
    arn: USER,
    permissions: { identity: [{ name: "all", policy: readPolicy(documentOf({ Effect: "Allow" }), "identity") }] },
  },
};

function documentOf(statement: object) {
  return { Version: "2012-10-17", Statement: [{ Action: "*", Resource: "*", ...statement }] };
}

function decide(caller: Caller, statement: object, side: Partial<ResourceSide> = {}): boolean {
  const policy = { name: "bucket", policy: readPolicy(documentOf(statement), "resource") };
  const request = { caller, action: ACTION, resource: RESOURCE, context: CONTEXT };
  return evaluate(request, { ownerId: OWN, policies: [policy], ...side }).allowed;
}

describe("a policy of a resource", () => {
  it.each([
    ["everybody but the user", USER, ann, true],
    // The account of a user that is excepted must be named as well (IAM, "NotPrincipal").
    ["everybody but the account of the user", `arn:aws:iam::${OWN}:root`, ann, false],
    ["everybody but another account", `arn:aws:iam::${OTHER}:root`, root(OTHER), true],
    ["everybody but a third account", "arn:aws:iam::999999999999:root", root(OTHER), false],
  ])("that denies %s", (_, excepted, caller, allowed) => {
    const deny = { Effect: "Deny", NotPrincipal: { AWS: excepted } };
    const allow = { Effect: "Allow", Principal: "*" };
    const policies = [deny, allow].map((statement, position) => ({
      name: `bucket-${position}`,
      policy: readPolicy(documentOf(statement), "resource"),
    }));
    const request = { caller, action: ACTION, resource: RESOURCE, context: CONTEXT };
    expect(evaluate(request, { ownerId: OWN, policies }).allowed).toBe(allowed);
  });

  it("that is restricted lets nobody in but its account", () => {
    const everybody = { Effect: "Allow", Principal: "*" };
    for (const caller of [ANYBODY, root(OTHER)]) {
      expect([decide(caller, everybody), decide(caller, everybody, { restricted: true })]).toEqual([true, false]);
    }
    expect(decide(ann, everybody, { restricted: true })).toBe(true);
  });

  it("that must allow is asked also by those whose own policies would do", () => {
    const nobody = { Effect: "Allow", Principal: { AWS: "999999999999" } };
    expect([decide(ann, nobody), decide(ann, nobody, { mustAllow: true })]).toEqual([true, false]);
    const account = { Effect: "Allow", Principal: { AWS: OWN } };
    expect(decide(ann, account, { mustAllow: true })).toBe(true);
  });

  it("of somebody else allows nothing, and denies", () => {
    expect(decide(root(OTHER), { Effect: "Allow", Principal: "*" }, { deniesOnly: true })).toBe(false);
    expect(decide(ann, { Effect: "Deny", Principal: "*" }, { deniesOnly: true })).toBe(false);
  });
});
