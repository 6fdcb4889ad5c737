import { cloudFrontError } from "../errors.ts";
import { listOf, oneOf, required, type Shape, structure, text, textUpTo, withDefault } from "./shape.ts";

export interface FunctionConfig {
  readonly Comment: string;
  readonly Runtime: string;
}

export interface FunctionSource {
  readonly FunctionConfig: FunctionConfig;
  readonly FunctionCode: Uint8Array;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface CreateFunction extends FunctionSource {
  readonly Name: string;
  readonly Tags: readonly Tag[];
}

/** Bytes in base64. */
const blob: Shape<Uint8Array> = {
  read(node) {
    try {
      return Uint8Array.from(atob(node.text.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0));
    } catch {
      throw cloudFrontError("MalformedXML", `The element ${node.name} is not valid base64.`);
    }
  },
  write: (value) => btoa(String.fromCharCode(...value)),
};

const tag = structure<Tag>({ Key: required(text), Value: withDefault(text, "") });

/** Tags have no quantity. */
export const tagsShape: Shape<readonly Tag[]> = wrapItems(listOf("Tag", tag));
export const tagKeysShape: Shape<readonly string[]> = wrapItems(listOf("Key", text));

function wrapItems<Item>(list: Shape<readonly Item[]>): Shape<readonly Item[]> {
  const wrapper = structure<{ readonly Items: readonly Item[] }>({ Items: withDefault(list, []) });
  return { read: (node, path) => wrapper.read(node, path).Items, write: (value) => wrapper.write({ Items: value }) };
}

export const functionConfigShape: Shape<FunctionConfig> = structure<FunctionConfig>({
  Comment: required(textUpTo(128)),
  Runtime: required<string>(oneOf("cloudfront-js-1.0", "cloudfront-js-2.0")),
});

export const updateFunctionShape: Shape<FunctionSource> = structure<FunctionSource>({
  FunctionConfig: required(functionConfigShape),
  FunctionCode: required(blob),
});

export interface TestFunction {
  readonly Stage: string;
  readonly EventObject: Uint8Array;
}

export const testFunctionShape: Shape<TestFunction> = structure<TestFunction>({
  Stage: withDefault<string>(oneOf("DEVELOPMENT", "LIVE"), "DEVELOPMENT"),
  EventObject: required(blob),
});

export const createFunctionShape: Shape<CreateFunction> = structure<CreateFunction>({
  Name: required(text),
  FunctionConfig: required(functionConfigShape),
  FunctionCode: required(blob),
  Tags: withDefault(tagsShape, []),
});
