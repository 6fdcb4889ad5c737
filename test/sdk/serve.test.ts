import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectDir } from "../../scripts/local/bundle.ts";

/** The script behind `npm start`, as a process of its own. */
let stateDir: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  stateDir = join(mkdtempSync(join(tmpdir(), "verge-serve-")), "state");
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(join(stateDir, ".."), { recursive: true, force: true });
});

test("prints what a person needs, keeps objects over a restart, and ends with code 0 on SIGTERM", async () => {
  const first = await serve();
  expect(statSync(join(stateDir, "credentials.json")).mode & 0o777).toBe(0o600);
  const { accessKeyId, secretAccessKey } = JSON.parse(readFileSync(join(stateDir, "credentials.json"), "utf8"));
  expect(first.output).toContain(
    `export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_DEFAULT_REGION=us-east-1\n`,
  );
  const [, up = ""] = /curl -T \S+ '([^']+)'/.exec(first.output) ?? [];
  expect((await fetch(up, { method: "PUT", body: "hello" })).status).toBe(200);

  first.child.kill("SIGTERM");
  expect(await once(first.child, "exit")).toEqual([0, null]);

  const second = await serve();
  const [, down = ""] = /curl '([^']+)'/.exec(second.output) ?? [];
  expect(await (await fetch(down)).text()).toBe("hello");
});

test("refuses a second start on the same state, and leaves nothing behind when it is killed", async () => {
  const { child, endpoint } = await serve();
  const second = run();
  const [code] = await once(second, "exit");
  expect(code).toBe(1);

  child.kill("SIGKILL");
  await expect
    .poll(
      () =>
        fetch(endpoint).then(
          () => "serves",
          () => "gone",
        ),
      { timeout: 5_000 },
    )
    .toBe("gone");
});

function run(): ChildProcess {
  const child = spawn(process.execPath, [join(projectDir, "scripts", "serve.ts")], {
    env: { PATH: process.env["PATH"], PORT: "0", VERGE_STATE_DIR: stateDir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  return child;
}

async function serve(): Promise<{ child: ChildProcess; endpoint: string; output: string }> {
  const child = run();
  if (child.stdout === null) throw new Error("no standard output");
  let output = "";
  for await (const line of createInterface(child.stdout)) {
    output += `${line}\n`;
    const [, endpoint] = /^verge ready on (\S+)$/.exec(line) ?? [];
    if (endpoint !== undefined) return { child, endpoint, output };
  }
  throw new Error(`It ended before it was ready:\n${output}`);
}
