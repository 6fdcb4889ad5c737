import { describe, expect, it } from "vitest";
import { type AccountCaller, type Caller, evaluate, type NamedPolicy } from "../../../../src/auth/policy/evaluate.ts";
import { readPolicy } from "../../../../src/auth/policy/parse.ts";

const OWN = "111122223333";
const OTHER = "444455556666";
const USER = `arn:aws:iam::${OWN}:user/ann`;
const RESOURCE = "arn:aws:s3:::photos/a";
type Effect = "Allow" | "Deny";

function writePolicy(
  name: string,
  kind: "resource" | "identity",
  effects: readonly Effect[],
  Principal?: unknown,
): NamedPolicy {
  const Statement = effects.map((Effect, position) => ({
    Sid: `${Effect}${position}`,
    Effect,
    ...(kind === "resource" && { Principal }),
    Action: "s3:GetObject",
    Resource: RESOURCE,
  }));
  // Without statements: one about something else.
  const other = { Effect: "Allow", ...(kind === "resource" && { Principal }), Action: "s3:PutObject", Resource: "*" };
  return { name, policy: readPolicy({ Version: "2012-10-17", Statement: [...Statement, other] }, kind) };
}

/** A caller's policies, each by its effects; undefined where it has none of that kind. */
interface Situation {
  readonly who: "anonymous" | "root" | "user" | "session";
  readonly own: boolean;
  readonly resource: readonly Effect[];
  readonly names: "everyone" | "account" | "arn" | "nobody";
  readonly identity: readonly Effect[];
  readonly boundary: readonly Effect[] | undefined;
  readonly session: readonly Effect[] | undefined;
}

const ROLE = `arn:aws:iam::${OWN}:role/r`;
const SESSION = `arn:aws:sts::${OWN}:assumed-role/r/s`;

function arnOf({ who }: Situation): string {
  return who === "session" ? SESSION : USER;
}

function callerOf(situation: Situation): Caller {
  const { who, identity, boundary, session } = situation;
  if (who === "anonymous") return { kind: "anonymous" };
  if (who === "root") return { kind: "account", accountId: OWN };
  const principal: AccountCaller["principal"] = {
    arn: arnOf(situation),
    ...(who === "session" && { roleArn: ROLE }),
    permissions: {
      identity: [writePolicy("identity", "identity", identity)],
      ...(boundary && { boundary: writePolicy("boundary", "identity", boundary) }),
      ...(session && { session: [writePolicy("session", "identity", session)] }),
    },
  };
  return { kind: "account", accountId: OWN, principal };
}

function decide(situation: Situation) {
  const principals = {
    everyone: "*",
    account: { AWS: OWN },
    arn: { AWS: situation.who === "root" ? `arn:aws:iam::${OWN}:root` : arnOf(situation) },
    nobody: { AWS: "999999999999" },
  };
  return evaluate(
    { caller: callerOf(situation), action: "s3:GetObject", resource: RESOURCE, context: () => undefined },
    {
      ownerId: situation.own ? OWN : OTHER,
      policies: [writePolicy("bucket", "resource", situation.resource, principals[situation.names])],
    },
  );
}

/** The rules as the IAM User Guide tells them, one after the other, without any of the evaluator's code. */
function isExpected(s: Situation): boolean {
  const isNamed = s.names === "everyone" || (s.who !== "anonymous" && s.names !== "nobody");
  const isPrincipal = s.who === "user" || s.who === "session";
  const lists = [isNamed ? s.resource : [], ...(isPrincipal ? [s.identity, s.boundary ?? [], s.session ?? []] : [])];
  if (lists.some((effects) => effects.includes("Deny"))) return false;
  const byResource = isNamed && s.resource.includes("Allow");
  if (s.who === "anonymous") return byResource;
  if (s.who === "root") return s.own || byResource;
  const within = [s.boundary, s.session].every((effects) => effects === undefined || effects.includes("Allow"));
  const byIdentity = s.identity.includes("Allow") && within;
  if (!s.own) return byResource && byIdentity;
  const direct = byResource && s.names !== "account";
  // A user who is named needs no more; a session stays within what limits it.
  return byIdentity || (direct && (s.who === "user" || within));
}

const EFFECTS: readonly (readonly Effect[])[] = [[], ["Allow"], ["Deny"], ["Allow", "Deny"]];
const LIMITS = [undefined, ...EFFECTS];
const DIMENSIONS: { readonly [Name in keyof Required<Situation>]: readonly Situation[Name][] } = {
  who: ["anonymous", "root", "user", "session"],
  own: [true, false],
  names: ["everyone", "account", "arn", "nobody"],
  resource: EFFECTS,
  identity: EFFECTS,
  boundary: LIMITS,
  session: LIMITS,
};

/** Every combination: few enough to look at all of them. */
function listSituations(): Situation[] {
  let situations: object[] = [{}];
  for (const [name, values] of Object.entries(DIMENSIONS)) {
    situations = situations.flatMap((situation) => values.map((value) => ({ ...situation, [name]: value })));
  }
  return situations as Situation[];
}

describe("evaluate", () => {
  it("agrees with AWS's evaluation logic in every situation", () => {
    const situations = listSituations();
    expect(situations).toHaveLength(4 * 2 * 4 * 4 * 4 * 5 * 5);
    const disagreements = situations.filter((situation) => decide(situation).allowed !== isExpected(situation));
    expect(disagreements).toEqual([]);
  });

  it("names the statement that decides", () => {
    const base = {
      who: "user",
      own: true,
      names: "nobody",
      resource: [],
      boundary: undefined,
      session: undefined,
    } as const;
    const reasonOf = (more: Partial<Situation>) => decide({ ...base, identity: ["Allow"], ...more }).reason;
    expect(reasonOf({})).toBe("Allow by statement Allow0 of policy identity");
    expect(reasonOf({ names: "everyone", resource: ["Allow", "Deny"] })).toBe(
      "Deny by statement Deny1 of policy bucket",
    );
    expect(reasonOf({ boundary: [] })).toBe("Implicit deny: the permissions boundary boundary does not allow it");
  });
});
