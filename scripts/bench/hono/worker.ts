import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { Credential } from "../../../src/auth/identity.ts";
import { verifySignature } from "../../../src/auth/sigv4/verify.ts";

/**
 * What one writes who wants an HTTP route and no functions: Hono, the same signature check as Verge's, and an
 * answer of JSON. The yardstick of warm invocations; its other route, that of cold starts.
 */
interface Env {
  readonly LOADER: WorkerLoader;
  readonly ACCESS_KEY_ID: string;
  readonly SECRET_ACCESS_KEY: string;
}

const app = new Hono<{ Bindings: Env }>();

app.post("/2015-03-31/functions/:name/invocations", async (context) => {
  const body = new Uint8Array(await context.req.arrayBuffer());
  await verify(context.req.raw, body, context.env);
  const event = JSON.parse(new TextDecoder().decode(body)) as { name: string };
  return context.json({ hello: event.name });
});

/** The same without a signature, beside function URLs and local emulators, which check none. */
app.post("/open", async (context) => {
  const event = await context.req.json<{ name: string }>();
  return context.json({ hello: event.name });
});

/** Starts an isolate that nobody has started before, without anything that a function needs. */
app.post("/isolate/:id", async (context) => {
  const stub = context.env.LOADER.get(context.req.param("id"), () => ({
    compatibilityDate: "2026-10-20",
    mainModule: "main.js",
    modules: {
      "main.js": "export default { fetch: async (request) => Response.json({ hello: (await request.json()).name }) };",
    },
    globalOutbound: null,
  }));
  const response = await stub.getEntrypoint().fetch("http://isolate/", { method: "POST", body: context.req.raw.body });
  return new Response(response.body, response);
});

async function verify(request: Request, body: Uint8Array, env: Env): Promise<void> {
  const { method, headers, url } = request;
  const sha256 = createHash("sha256").update(body).digest("hex");
  await verifySignature(
    { method, rawPath: url.slice(url.indexOf("/", 8)), rawQuery: "", headers },
    {
      service: ["lambda"],
      region: "us-east-1",
      now: Date.now(),
      findCredential: async (accessKeyId) => (accessKeyId === env.ACCESS_KEY_ID ? credentialOf(env) : undefined),
    },
  );
  if (headers.get("x-amz-content-sha256") !== sha256) throw new Error("The body is another.");
}

function credentialOf(env: Env): Credential {
  return {
    accessKeyId: env.ACCESS_KEY_ID,
    secretAccessKey: env.SECRET_ACCESS_KEY,
    status: "Active",
    account: { id: "000000000000", canonicalId: "0".repeat(64), displayName: "root", email: "", root: true },
  };
}

export default app;
