import type { LambdaCall, LambdaResult } from "./call.ts";
import { renderConfiguration } from "./configuration.ts";
import { functionNotFound, invalidParameter, revisionMismatch } from "./errors.ts";
import { renderVersions } from "./functions.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";
import { readPage } from "./paging.ts";

/** PublishVersion: `{CodeSha256?, Description?, RevisionId?}`. Without a change since the last it answers that one. */
export async function publishVersion(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const input = Input.parse(call.body);
  const codeSha256 = input.text("CodeSha256");
  const description = input.text("Description", { max: 256 });
  const revisionId = input.text("RevisionId");
  input.finish();
  const published = await call.ports.registry(accountId).publishVersion(name, {
    ...(codeSha256 && { codeSha256 }),
    ...(description !== undefined && { description }),
    ...(revisionId !== undefined && { revisionId }),
  });
  call.directory.forgetAll();
  switch (published.outcome) {
    case "ok":
      return renderConfiguration(call, published.version, 201);
    case "not-found":
      throw functionNotFound(formatFunctionArn(call.region, call.target));
    case "stale-revision":
      throw revisionMismatch();
    case "other-code":
      throw invalidParameter(
        `CodeSHA256 (${codeSha256}) is different from current CodeSHA256 in $LATEST (${published.sha256}). Please try again with the CodeSHA256 in $LATEST.`,
      );
  }
}

/** ListVersionsByFunction: `$LATEST`, then the published ones by number. */
export async function listVersionsByFunction(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const { after, limit } = readPage(call.query);
  if (after !== "" && after !== LATEST && !/^\d+$/.test(after)) {
    throw invalidParameter("The marker is not one that a listing answered.");
  }
  const page = await call.ports.registry(accountId).listVersions(name, after, limit);
  if (!page) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return renderVersions(call, "Versions", page, true);
}
