/** `npm run examples`: writes dist/examples/<name>.zip for each example, or for those that are named. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { bundleExample, listExamples } from "./bundle.ts";

const projectDir = join(import.meta.dirname, "..", "..");
const outDir = join(projectDir, "dist", "examples");
const named = process.argv.slice(2);

mkdirSync(outDir, { recursive: true });
for (const name of named.length > 0 ? named : listExamples()) {
  const zip = await bundleExample(name);
  const path = join(outDir, `${name}.zip`);
  writeFileSync(path, zip);
  console.log(`${relative(process.cwd(), path)}  ${Math.ceil(zip.byteLength / 1024)} KiB`);
}
