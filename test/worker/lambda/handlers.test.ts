import { expect, it } from "vitest";
import { makeFunction } from "./environment.ts";

it("runs a CommonJS handler that returns a promise", async () => {
  const fn = makeFunction({ "index.js": "exports.handler = async (event) => ({ hello: event.name })" });
  const { result, functionError, logs, coldStart } = await fn.invoke({ name: "world" });
  expect({ result, functionError, coldStart }).toEqual({ result: { hello: "world" }, coldStart: true });
  console.log(logs);
});
