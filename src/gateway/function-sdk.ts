import type { Env } from "../env.ts";
import { decodePacked } from "../lambda/runtime/pack/form.ts";
import type { PackedCode } from "../lambda/runtime/protocol.ts";
import { sdkAssetPath } from "../lambda/runtime/sdk.ts";

/** What this isolate has read: texts that all functions share. Bounded by the packages that there are. */
const known = new Map<string, PackedCode>();

/**
 * A package of the AWS SDK, from the static assets: in the Worker itself all of them would cost more than the
 * rest of it, and most isolates load none.
 */
export async function loadSdkPackage({ ASSETS }: Pick<Env, "ASSETS">, name: string): Promise<PackedCode> {
  const cached = known.get(name);
  if (cached) return cached;
  // The host is of no account: the Worker comes first for every request from outside (wrangler.toml).
  const asset = await ASSETS.fetch(`https://assets.invalid${sdkAssetPath(name)}`);
  if (!asset.ok) throw new Error(`${name} is not among the assets: was the deployment built by its own scripts?`);
  const packed = decodePacked(await asset.arrayBuffer());
  known.set(name, packed);
  return packed;
}
