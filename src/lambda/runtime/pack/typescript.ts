import { transform, type Transform } from "sucrase";

/** Removes types and JSX and leaves imports and exports as they are; lines keep their numbers. */
export function stripTypes(path: string, source: string): string {
  const transforms: Transform[] = [];
  if (/ts$|tsx$/.test(path)) transforms.push("typescript");
  if (path.endsWith("sx")) transforms.push("jsx");
  return transform(source, { transforms, filePath: path, production: true, disableESTransforms: true }).code;
}
