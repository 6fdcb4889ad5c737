import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { GetObjectCommand, HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fields, signV4 } from "../support/post-form.ts";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { browser, BROWSER_OPTIONS } from "./browser.ts";
import { createWorkspace, type Workspace } from "./program.ts";

const BROWSER_MS = 60_000;
const FILE = { name: "Füße & Co+1.txt", type: "text/plain", text: "from a browser: äöü\n".repeat(5000) };

/** A page whose form has a file chosen and is submitted by itself. */
function renderPage(action: string, fields: Fields): string {
  const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
  return `<!doctype html><meta charset="utf-8">
    <form action="${action}" method="post" enctype="multipart/form-data">${inputs.join("")}<input type="file" name="file"></form>
    <script>
      const { name, type, text } = ${JSON.stringify(FILE)};
      const chosen = new DataTransfer();
      chosen.items.add(new File([text], name, { type }));
      document.forms[0].file.files = chosen.files;
      document.forms[0].submit();
    </script>`;
}

/** A site with one page; `visited` is the next request to another. */
async function startSite(): Promise<{
  server: Server;
  origin: string;
  page: { html: string };
  visited: () => Promise<URL>;
}> {
  const page = { html: "" };
  let arrive: (url: URL) => void = () => undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    response.setHeader("content-type", "text/html");
    response.end(url.pathname === "/form" ? page.html : "done");
    if (url.pathname === "/done") arrive(url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const visited = () =>
    new Promise<URL>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the browser did not come back")), BROWSER_MS);
      arrive = (url) => {
        clearTimeout(timer);
        resolve(url);
      };
    });
  return { server, origin, page, visited };
}

describe.skipIf(browser === "")("a form in a browser", () => {
  let verge: Verge;
  let client: S3Client;
  let work: Workspace;
  let site: Awaited<ReturnType<typeof startSite>>;
  let running: ChildProcess | undefined;

  beforeAll(async () => {
    verge = await startVerge();
    client = createS3Client(verge);
  });
  afterAll(async () => {
    client.destroy();
    await verge.stop();
  });
  beforeEach(async () => {
    work = createWorkspace();
    site = await startSite();
  });
  afterEach(async () => {
    const ended = running && new Promise((resolve) => running!.once("close", resolve));
    if (running?.exitCode === null) running.kill("SIGKILL");
    await ended;
    site.server.close();
    work.remove();
  });

  /** Opens the page; answers where the browser was sent at last. */
  async function open(url: string): Promise<URL> {
    const visited = site.visited();
    running = spawn(browser, [...BROWSER_OPTIONS, `--user-data-dir=${work.path("profile")}`, url], { stdio: "ignore" });
    return visited;
  }

  test("uploads a file under its name, by a signed policy, and is sent back", async () => {
    const Bucket = await makeBucket(client);
    const redirect = `${site.origin}/done?from=form`;
    const common: Fields = [
      ["key", "uploads/${filename}"],
      ["success_action_redirect", redirect],
      ["Content-Type", "text/plain"],
      ["x-amz-meta-note", "ünïcode"],
    ];
    const conditions = [
      { bucket: Bucket },
      ["starts-with", "$key", "uploads/"],
      { success_action_redirect: redirect },
      ["eq", "$Content-Type", "text/plain"],
      ["starts-with", "$x-amz-meta-note", ""],
      ["content-length-range", 1, 1_000_000],
    ];
    const fields = [...common, ...signV4(verge, { conditions })];
    site.page.html = renderPage(`${verge.endpoint}/${Bucket}`, fields);
    const back = await open(`${site.origin}/form`);
    const Key = `uploads/${FILE.name}`;
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ from: "form", bucket: Bucket, key: Key });
    const { Body, ContentType, ETag } = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect(await Body!.transformToString()).toBe(FILE.text);
    expect(ContentType).toBe("text/plain");
    expect(back.searchParams.get("etag")).toBe(ETag);
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(Object.keys(Metadata ?? {})).toEqual(["note"]);
  });
});
