/** Functions that go wrong, each in its own way, and what the record of their failure says. */
export interface Fault {
  readonly name: string;
  readonly code: string;
  /** `errorType` of the response; none where the machine has died with the function, and nobody was left to say. */
  readonly errorType: RegExp;
}

export const TIMEOUT_SECONDS = 2;

export const FAULTS: readonly Fault[] = [
  { name: "throws", code: "exports.handler = async () => { throw new RangeError('no'); };", errorType: /^RangeError$/ },
  {
    name: "waits",
    code: "exports.handler = () => new Promise(() => {});",
    errorType: /^(Sandbox\.Timedout|Runtime\.\w+)$/,
  },
  { name: "loops", code: "exports.handler = async () => { for (;;); };", errorType: /^Sandbox\.Timedout$/ },
  {
    name: "exhausts-memory",
    code: "const held = []; exports.handler = async () => { for (;;) held.push(new Array(1e6).fill(held.length)); };",
    errorType: /^(Runtime\.OutOfMemory|Sandbox\.Timedout|none)$/,
  },
  {
    name: "returns-10-mb",
    code: "exports.handler = async () => 'x'.repeat(10e6);",
    errorType: /^Function\.ResponseSizeTooLarge$/,
  },
  { name: "exits", code: "exports.handler = async () => process.exit(1);", errorType: /^Runtime\.ExitError$/ },
];
