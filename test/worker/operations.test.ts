import { describe, expect, test } from "vitest";
import { cdnOperations } from "../../src/cdn/control/operations.ts";
import { lambdaOperations } from "../../src/lambda/operations.ts";
import { logsOperations } from "../../src/logs/operations.ts";
import { s3Operations } from "../../src/s3/operations.ts";
import { schedulerOperations } from "../../src/scheduler/operations.ts";
import { vergeOperations } from "../../src/verge-api/operations.ts";

describe.each([
  ["s3", s3Operations],
  ["lambda", lambdaOperations],
  ["scheduler", schedulerOperations],
  ["cloudfront", cdnOperations],
  ["verge", vergeOperations.rows],
])("the operations of %s", (_service, rows) => {
  test("each say who may call them and what runs", () => {
    const incomplete = rows.filter(({ name, access, handle }) => {
      const decided = typeof access === "function" || /^[a-z0-9-]+:[A-Z][A-Za-z]+$/.test(access);
      return !/^[A-Z][A-Za-z0-9]+$/.test(name) || !decided || typeof handle !== "function";
    });
    expect(incomplete.map(({ name }) => name)).toEqual([]);
  });

  test("have one row for each name", () => {
    // A preflight request has no name in AWS's API, and is answered at each level of the path.
    const names = rows.filter(({ method }) => method !== "OPTIONS").map(({ name }) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("are told apart by method, path, query and headers", () => {
    const selectors = rows.map(({ method, path, query, headers }) => JSON.stringify([method, path, query, headers]));
    expect(selectors.filter((selector, index) => selectors.indexOf(selector) !== index)).toEqual([]);
  });
});

describe("the operations of CloudWatch Logs, which a header names", () => {
  test("each say who may call them, once", () => {
    const names = logsOperations.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    for (const { access, name } of logsOperations) expect(access).toBe(`logs:${name}`);
  });
});
