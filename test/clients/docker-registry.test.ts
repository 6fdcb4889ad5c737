/** Distribution's registry with a bucket as its storage, spoken to as `docker push` and `docker pull` do. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { makeContent, MEGABYTE } from "./content.ts";
import { createWorkspace, requireProgram, type Workspace } from "./program.ts";

const program = requireProgram("docker-registry") ?? "";
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

describe.skipIf(program === "")("a registry of images", () => {
  let verge: Verge;
  let client: S3Client;
  let work: Workspace;
  let Bucket: string;
  let registry: ChildProcess | undefined;
  let origin: string;

  beforeAll(async () => {
    verge = await startVerge();
    client = createS3Client(verge);
    Bucket = await makeBucket(client);
    work = createWorkspace();
    const config = work.path("config.yml");
    writeFileSync(config, JSON.stringify(describeRegistry(verge, Bucket)));
    registry = spawn(program, ["serve", config], {
      env: { PATH: process.env["PATH"] ?? "", HOME: work.dir, NO_PROXY: "*" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    origin = `http://${await findAddress(registry)}`;
  });
  afterAll(async () => {
    if (registry?.exitCode === null && registry.kill()) await once(registry, "exit");
    client.destroy();
    await verge.stop();
    work.remove();
  });

  const startUpload = async (name: string): Promise<string> => {
    const { headers } = await fetch(`${origin}/v2/${name}/blobs/uploads/`, { method: "POST" });
    return headers.get("location") ?? "";
  };
  const patch = async (location: string, chunk: Buffer): Promise<string> => {
    const headers = { "content-type": "application/octet-stream" };
    const answer = await fetch(location, { method: "PATCH", headers, body: new Uint8Array(chunk) });
    expect(answer.status).toBe(202);
    return answer.headers.get("location") ?? "";
  };
  const pushBlob = async (name: string, chunks: readonly Buffer[]): Promise<string> => {
    let location = await startUpload(name);
    for (const chunk of chunks) location = await patch(location, chunk);
    const digest = digestOf(Buffer.concat(chunks));
    expect((await fetch(`${location}&digest=${digest}`, { method: "PUT" })).status).toBe(201);
    return digest;
  };

  test("an image in chunks that are no parts' size is pushed, tagged, and pulled through presigned redirects", async () => {
    const layer = makeContent(20 * MEGABYTE);
    const ends = [0, 7_000_001, 7_000_002, 15_000_000, layer.length];
    const chunks = ends.slice(1).map((end, index) => layer.subarray(ends[index], end));
    const layerDigest = await pushBlob("team/app", chunks);
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { diff_ids: [] } }));
    const configDigest = await pushBlob("team/app", [config]);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.length,
        digest: configDigest,
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
          size: layer.length,
          digest: layerDigest,
        },
      ],
    });
    for (const tag of ["v1", "latest"]) {
      const headers = { "content-type": MANIFEST };
      const put = await fetch(`${origin}/v2/team/app/manifests/${tag}`, { method: "PUT", headers, body: manifest });
      expect(put.status).toBe(201);
    }
    expect(await (await fetch(`${origin}/v2/team/app/tags/list`)).json()).toEqual({
      name: "team/app",
      tags: ["latest", "v1"],
    });
    const pulled = await fetch(`${origin}/v2/team/app/manifests/v1`, { headers: { accept: MANIFEST } });
    expect(await pulled.text()).toBe(manifest);

    const url = `${origin}/v2/team/app/blobs/${layerDigest}`;
    const whole = await fetch(url);
    expect([whole.redirected, new URL(whole.url).origin]).toEqual([true, verge.endpoint]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(layer)).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=7000000-7000009" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(layer.subarray(7_000_000, 7_000_010));
  });

  test("an upload that is given up leaves no parts", async () => {
    const location = await patch(await startUpload("team/other"), makeContent(6 * MEGABYTE));
    expect((await fetch(location)).headers.get("range")).toBe(`0-${6 * MEGABYTE - 1}`);
    expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
  });

  test("collecting garbage takes away what no manifest names", async () => {
    const digest = await pushBlob("team/waste", [makeContent(1000)]);
    const blobs = async () => {
      const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "docker/registry/v2/blobs/" }));
      return (listed.Contents ?? []).map((object) => object.Key ?? "");
    };
    const key = `docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`;
    const before = await blobs();
    expect(before).toContain(key);
    await work.run(program, ["garbage-collect", work.path("config.yml")]);
    expect(await blobs()).toEqual(before.filter((name) => name !== key));
  });
});

/** JSON is YAML too. */
function describeRegistry(verge: Verge, bucket: string): object {
  const storage = {
    accesskey: verge.accessKeyId,
    secretkey: verge.secretAccessKey,
    region: verge.region,
    regionendpoint: verge.endpoint,
    bucket,
    secure: false,
    v4auth: true,
    chunksize: 5 * MEGABYTE,
  };
  return {
    version: "0.1",
    log: { level: "info" },
    storage: { s3: storage, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0" },
  };
}

/** Waits for the line that names the port. */
async function findAddress(registry: ChildProcess): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: registry.stderr! })) {
    said.push(line);
    const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (address !== undefined) {
      registry.stderr!.resume();
      return address;
    }
  }
  throw new Error(`docker-registry did not start:\n${said.join("\n")}`);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
