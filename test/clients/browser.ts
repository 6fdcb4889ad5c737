import { findProgram } from "./program.ts";

/** A browser of this machine; empty when there is none, which is said: the reporter hides skipped suites. */
export const browser =
  ["chromium", "chromium-browser", "google-chrome"].flatMap((name) => findProgram(name) ?? [])[0] ?? "";
if (browser === "") console.warn("not installed: chromium, chromium-browser or google-chrome");

/** No sandbox: the tests may run as root, in a container. */
export const BROWSER_OPTIONS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
];
