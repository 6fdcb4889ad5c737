import { afterAll, beforeAll } from "vitest";
import { startVerge, type Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, type Finished, type RunOptions, type Workspace } from "./program.ts";

/** A server, and the AWS CLI that talks to it as root, for the tests of a suite. */
export interface AwsCli {
  readonly verge: Verge;
  readonly work: Workspace;
  /** What every command begins with. */
  readonly options: readonly string[];
  /** An absolute path below the workspace. */
  path(...names: string[]): string;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** What the command prints; an empty object where it prints nothing. */
  read<Printed = Record<string, unknown>>(args: readonly string[], options?: RunOptions): Promise<Printed>;
}

/** Starts the server before the tests of a suite and ends it after. `program` is the path of the CLI. */
export function useAwsCli(program: string): AwsCli {
  let verge: Verge;
  let work: Workspace;
  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });
  return {
    get verge() {
      return verge;
    },
    get work() {
      return work;
    },
    get options() {
      return ["--endpoint-url", verge.endpoint, "--output", "json"];
    },
    path: (...names) => work.path(...names),
    run(args, options) {
      return work.run(program, [...this.options, ...args], options);
    },
    async read<Printed>(args: readonly string[], options?: RunOptions) {
      return JSON.parse((await this.run(args, options)).stdout || "{}") as Printed;
    },
  };
}
