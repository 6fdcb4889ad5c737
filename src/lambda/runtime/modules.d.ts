/** Made by scripts/build-shim.ts. */
declare module "*/shim.txt" {
  const text: string;
  export default text;
}

declare namespace CloudflareWorkersModule {
  /** Ends the calling isolate at once. In workerd, not yet in its types. */
  export function abortIsolate(reason?: string): never;
}
