import type { Query } from "./query.ts";

/** A form whose names are paths: `Tags.member.1.Key=team`. */
export interface FormTree extends Map<string, FormTree | string> {}

/** More than any list of AWS's Query APIs has. */
const MAX_INDEX = 1_000;
/** No parameter has more parts: `ContextEntries.member.1.ContextKeyValues.member.1`. */
const MAX_DEPTH = 8;

/** `Entry.1.Id=a` as a tree by the dots. */
export function growTree(form: Query): FormTree {
  const root: FormTree = new Map();
  for (const name of form.names()) {
    const path = name.split(".", MAX_DEPTH + 1);
    if (path.length > MAX_DEPTH) continue;
    let node = root;
    for (const step of path.slice(0, -1)) {
      const next = node.get(step);
      const branch: FormTree = next instanceof Map ? next : new Map();
      node.set(step, branch);
      node = branch;
    }
    node.set(path.at(-1)!, form.get(name)!);
  }
  return root;
}

/** The items of `Name.1`, `Name.2`, …, or of `Name.member.1`, in the order of their numbers. */
export function listItems(node: FormTree): (FormTree | string)[] {
  const inner = node.get("member");
  const items = inner instanceof Map ? inner : node;
  return [...items]
    .filter(([index]) => /^\d{1,4}$/.test(index) && Number(index) <= MAX_INDEX)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, item]) => item);
}
