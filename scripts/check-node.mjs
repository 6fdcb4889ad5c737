// Runs before the scripts that need a recent Node, on whatever Node the machine has: no newer syntax than ES modules here.
// On Linux (x64, arm64) `npm ci` brings Node 24 along, and npm puts it first on the PATH of its scripts.
const needed = [24, 0];
const have = process.versions.node.split(".").map(Number);
const tooOld = have[0] < needed[0] || (have[0] === needed[0] && have[1] < needed[1]);

if (tooOld) {
  console.error(
    [
      "Verge needs Node " +
        needed.join(".") +
        " or newer; this is Node " +
        process.versions.node +
        " (" +
        process.platform +
        " " +
        process.arch +
        ").",
      "On Linux x64 and arm64 `npm ci` installs Node 24 beside the other packages: run it without --omit=optional.",
      "Elsewhere install Node 24 first: https://nodejs.org/en/download",
    ].join("\n"),
  );
  process.exit(1);
}
