import { describe, expect, it } from "vitest";
import { checkTotalSize } from "../../../src/lambda/layers/choice.ts";

const MIB = 1024 * 1024;

const code = (unzippedMib: number, loadedMib?: number) => ({
  codeId: "1/a",
  sha256: "",
  size: 1,
  unzippedSize: unzippedMib * MIB,
  ...(loadedMib !== undefined && { loadedSize: loadedMib * MIB }),
});
const layer = (unzippedMib: number, loadedMib?: number) => ({ arn: "arn", code: code(unzippedMib, loadedMib) });

describe("a function with its layers", () => {
  it.each([
    ["alone, whatever it weighs", code(250, 62), []],
    ["just within both limits", code(100, 30), [layer(100, 20), layer(50, 12)]],
    ["of which most is not loaded", code(1, 1), [layer(240, 1)]],
  ])("is taken %s", (_what, own, layers) => {
    expect(() => checkTotalSize(own, layers)).not.toThrow();
  });

  it.each([
    ["250 MiB unzipped", code(100, 1), [layer(100, 1), layer(51, 1)], /^Function code combined with layers exceeds/],
    ["62 MiB to load", code(40, 40), [layer(30, 23)], /^The code to load must be smaller than .* layers included/],
    ["62 MiB, by a layer of an earlier deployment", code(1, 1), [layer(62)], /^The code to load must be smaller than/],
  ])("is refused above %s", (_what, own, layers, message) => {
    expect(() => checkTotalSize(own, layers)).toThrow(message);
  });
});
