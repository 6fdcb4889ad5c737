/** A CloudFront Function as a package for the runtime: its source, what calls it, and the `cloudfront` module. */
import { TASK_ROOT } from "./limits.ts";
import { packFiles } from "./pack/pack.ts";
import type { PackedCode } from "./protocol.ts";

/** cloudfront-js-2.0 knows `import`; without it `require` is there, as in cloudfront-js-1.0. Both are strict. */
const HAS_IMPORTS = /^\s*import\b(?!\s*\()/m;

/** Calls `handler` with the event as CloudFront's runtime gives it, methods included. */
const CALLER = `
export const handler = async ({ event, rawQuery }) => {
  if (event.request) {
    Object.defineProperty(event.request, "rawQueryString", { value: () => rawQuery });
  }
  return own(event);
};
`;

/** The helpers that need what is not there say so when they are called. */
const CLOUDFRONT_MODULE = `"use strict";
const refuse = (name) => () => {
  throw new Error("cf." + name + " is not supported by this deployment");
};
for (const name of ["kvs", "updateRequestOrigin", "selectRequestOriginById", "createRequestOriginGroup"]) {
  exports[name] = refuse(name);
}
`;

export function packEdgeFunction(source: string): PackedCode {
  const isModule = HAS_IMPORTS.test(source);
  const own = isModule ? `${source}\nexport { handler };\n` : `"use strict";${source}\nexports.handler = handler;\n`;
  const name = isModule ? "function.mjs" : "function.cjs";
  const files = {
    [name]: own,
    "index.mjs": `import { handler as own } from "./${name}";${CALLER}`,
    "node_modules/cloudfront/index.cjs": CLOUDFRONT_MODULE,
    "node_modules/cloudfront/package.json": '{"name":"cloudfront","main":"index.cjs"}',
  };
  const encoder = new TextEncoder();
  const entries = Object.entries(files).map(([path, text]) => [path, encoder.encode(text)] as const);
  return packFiles(new Map(entries), TASK_ROOT).packed;
}
