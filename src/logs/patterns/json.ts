import { ConditionParser, type Operand } from "./conditions.ts";
import { badPattern, type Token } from "./syntax.ts";

const STEP = /\.?\[(?:'([^']*)'|"([^"]*)"|(\d+)|(\*))\]|\.([\w\-:]+)/g;

type Step = { readonly name: string } | { readonly index: number } | "any";

/** `{ $.level = "error" && $.count > 3 }`: messages that are JSON. */
export function parseJsonPattern(pattern: string): (message: string) => boolean {
  if (!pattern.endsWith("}")) throw badPattern(pattern);
  const condition = new ConditionParser<unknown>(pattern.slice(1, -1), (token) => readSelector(pattern, token)).parse();
  return (message) => {
    const value = parseMessage(message);
    return value !== undefined && condition(value);
  };
}

function parseMessage(message: string): unknown {
  const text = message.trimStart();
  if (!text.startsWith("{") && !text.startsWith("[")) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function readSelector(pattern: string, { kind, text }: Token): Operand<unknown> {
  if (kind !== "selector") throw badPattern(pattern);
  const steps = Array.from(text.matchAll(STEP), ([, single, double, index, any, name]): Step => {
    if (any !== undefined) return "any";
    return index === undefined ? { name: single ?? double ?? name ?? "" } : { index: Number(index) };
  });
  return (value) =>
    steps.reduce<readonly unknown[]>((values, step) => values.flatMap((one) => takeStep(one, step)), [value]);
}

/** No value where there is no such member. */
function takeStep(value: unknown, step: Step): readonly unknown[] {
  if (step === "any") return Array.isArray(value) ? value : [];
  if (typeof value !== "object" || value === null) return [];
  if ("index" in step) return Array.isArray(value) && step.index < value.length ? [value[step.index]] : [];
  return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
}
