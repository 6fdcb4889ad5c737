import type { Identity } from "../auth/identity.ts";
import { decideAccess } from "../auth/policy/authorize.ts";
import { explain } from "../auth/policy/decide-action.ts";
import type { Env } from "../env.ts";
import type { Payload } from "../lib/payload.ts";
import { Query } from "../lib/query.ts";
import { renderXml, type XmlElement } from "../lib/xml.ts";
import type { PublicAccessBlock } from "../metadata/bucket/documents.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import { conditionContext } from "../s3/condition-keys.ts";
import { readUncheckedDocument } from "../s3/config/document.ts";
import { PUBLIC_ACCESS_BLOCK, readBlock, renderBlock } from "../s3/config/public-access-block.ts";
import { s3Error } from "../s3/errors.ts";
import type { Address } from "./address.ts";
import { authenticate } from "./authenticate.ts";
import type { Deployment } from "./deployment.ts";
import type { Incoming } from "./incoming.ts";

export interface S3ControlRequest {
  readonly incoming: Incoming;
  readonly address: Extract<Address, { service: "s3-control" }>;
  readonly env: Env;
  readonly deployment: Deployment;
  readonly onMatch: (operation: string) => void;
}

const NAMESPACE = "http://awss3control.amazonaws.com/doc/2018-08-20/";
const BLOCK_PATH = "/v20180820/configuration/publicAccessBlock";
const VERBS = { GET: "Get", PUT: "Put", DELETE: "Delete" } as const;

/** S3 Control, as far as it is served: what is blocked in all buckets of an account. */
export async function answerS3Control(request: S3ControlRequest): Promise<Response> {
  const { incoming, deployment, env, onMatch } = request;
  const verb = VERBS[incoming.method as keyof typeof VERBS];
  if (incoming.rawPath !== BLOCK_PATH) {
    throw s3Error("NotImplemented", { message: `This deployment does not serve the path ${incoming.rawPath} yet.` });
  }
  if (!verb) throw s3Error("MethodNotAllowed", { detail: { Method: incoming.method } });
  onMatch(`${verb}AccountPublicAccessBlock`);
  const { identity, payload } = await authenticate(incoming, ["s3"], deployment);
  const accountId = authorise(request, identity, verb === "Get" ? "Get" : "Put");
  if (verb === "Get") return render(incoming, renderBlock(await findBlock(env, accountId)));
  const block = verb === "Put" ? await readConfiguration(incoming, payload) : undefined;
  await askRegistry(env, (registry) => registry.setPublicAccessBlock(accountId, block));
  const account = await deployment.directory.findAccount(accountId);
  if (account) deployment.directory.forgetAccount(account);
  return render(incoming, undefined, verb === "Delete" ? 204 : 200);
}

/** The account that the request is about, which must be the caller's. */
function authorise({ incoming, address, deployment }: S3ControlRequest, identity: Identity, verb: string): string {
  const accountId = incoming.headers.get("x-amz-account-id") ?? address.accountId;
  if (accountId === undefined) {
    throw s3Error("InvalidRequest", { message: "Missing required header for this request: x-amz-account-id" });
  }
  incoming.witness.parameters = { accountId };
  if (identity.kind === "anonymous" || identity.account.id !== accountId) throw s3Error("AccessDenied");
  const { headers, rawQuery, clientAddress, origin } = incoming;
  const decision = decideAccess({
    identity,
    access: { action: `s3:${verb}AccountPublicAccessBlock` },
    context: conditionContext({
      identity,
      headers,
      query: new Query(rawQuery),
      clientAddress,
      origin,
      region: deployment.region,
    }),
  });
  if (!decision.allowed) throw s3Error("AccessDenied").because(explain(decision));
  return accountId;
}

async function findBlock(env: Env, accountId: string): Promise<PublicAccessBlock> {
  const account = await askRegistry(env, (registry) => registry.findAccount(accountId));
  if (!account?.publicAccessBlock) {
    throw s3Error("NoSuchPublicAccessBlockConfiguration", { detail: { AccountId: accountId } });
  }
  return account.publicAccessBlock;
}

async function readConfiguration({ headers }: Incoming, payload: Payload): Promise<PublicAccessBlock> {
  return readBlock(await readUncheckedDocument({ headers, payload }, PUBLIC_ACCESS_BLOCK));
}

function render({ requestId, hostId }: Incoming, xml: XmlElement | undefined, status = 200): Response {
  const headers = { "x-amz-request-id": requestId, "x-amz-id-2": hostId };
  if (!xml) return new Response(null, { status, headers });
  const body = renderXml(xml, { namespace: NAMESPACE });
  return new Response(body, { status, headers: { ...headers, "content-type": "application/xml" } });
}
