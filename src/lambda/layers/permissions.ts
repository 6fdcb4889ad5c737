import type { PolicyStatement } from "../../metadata/function/protocol.ts";
import { type LambdaCall, type LambdaResult, parameter } from "../call.ts";
import { lambdaError } from "../errors.ts";
import { Input } from "../input.ts";
import { requirePolicy, STATEMENT_ID } from "../permissions.ts";
import { formatLayerVersionArn, readLayerVersionName } from "./names.ts";
import { layerNotFound, requireOwnLayer } from "./access.ts";

const ACTION = /^lambda:GetLayerVersion$/;
const PRINCIPAL = /^(?:\d{12}|\*|arn:aws[a-zA-Z-]*:iam::\d{12}:root)$/;
const ORGANIZATION = /^o-[a-z0-9]{10,32}$/;

/** AddLayerVersionPermission: lets an account, an organisation's or all of them use a version. */
export async function addLayerVersionPermission(call: LambdaCall): Promise<LambdaResult> {
  const layer = requireOwnLayer(call, readLayerVersionName(call));
  const input = Input.parse(call.body);
  const sid = input.requireText("StatementId", { min: 1, max: 100, pattern: STATEMENT_ID });
  const action = input.requireText("Action", { max: 22, pattern: ACTION });
  const principal = input.requireText("Principal", { pattern: PRINCIPAL });
  const organization = input.text("OrganizationId", { max: 34, pattern: ORGANIZATION });
  if (organization !== undefined && principal !== "*") {
    input.violate("Principal", `'${principal}'`, "be * when an organizationId is given");
  }
  input.finish();
  const statement: PolicyStatement = {
    Sid: sid,
    Effect: "Allow",
    Principal: describePrincipal(principal),
    Action: action,
    Resource: formatLayerVersionArn(call.region, layer),
    ...(organization !== undefined && { Condition: { StringEquals: { "aws:PrincipalOrgID": organization } } }),
  };
  const answer = await call.ports
    .registry(layer.accountId)
    .addLayerStatement(layer.name, layer.version, statement, call.query.get("RevisionId"));
  const { revisionId } = requirePolicy(sid, answer, layerNotFound);
  return { status: 201, json: { Statement: JSON.stringify(statement), RevisionId: revisionId } };
}

/** RemoveLayerVersionPermission. */
export async function removeLayerVersionPermission(call: LambdaCall): Promise<LambdaResult> {
  const layer = requireOwnLayer(call, readLayerVersionName(call));
  const sid = parameter(call, "StatementId");
  const answer = await call.ports
    .registry(layer.accountId)
    .removeLayerStatement(layer.name, layer.version, sid, call.query.get("RevisionId"));
  requirePolicy(sid, answer, layerNotFound);
  return { status: 204 };
}

/** GetLayerVersionPolicy. */
export async function getLayerVersionPolicy(call: LambdaCall): Promise<LambdaResult> {
  const layer = requireOwnLayer(call, readLayerVersionName(call));
  const policy = await call.ports.registry(layer.accountId).findLayerPolicy(layer.name, layer.version);
  if (!policy) throw lambdaError("ResourceNotFoundException", "No policy is associated with the given resource.");
  const document = { Version: "2012-10-17", Id: "default", Statement: policy.statements };
  return { status: 200, json: { Policy: JSON.stringify(document), RevisionId: policy.revisionId } };
}

function describePrincipal(principal: string): PolicyStatement["Principal"] {
  if (principal === "*") return "*";
  return { AWS: principal.startsWith("arn:") ? principal : `arn:aws:iam::${principal}:root` };
}
