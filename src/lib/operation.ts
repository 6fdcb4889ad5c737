import type { HeaderFields } from "./header-fields.ts";
import type { Query } from "./query.ts";

export type Method = "GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "OPTIONS";

/** One thing that must be allowed before an operation runs. */
export interface AccessRequest {
  /** IAM action, `s3:GetObject`. */
  readonly action: string;
  readonly bucket?: string;
  readonly key?: string;
  /** The version that it is about, where the request names one. */
  readonly versionId?: string;
  /** The operation decides for each thing that its body names; here only whether anything at all may be allowed. */
  readonly byEntry?: true;
  /** About an object that the request makes; what may be there already does not matter. */
  readonly withWrite?: true;
  /** The same, and the object belongs to the caller. */
  readonly ofNewObject?: true;
}

/**
 * Who may call an operation: an IAM action on the addressed resource, or, for the few that need more
 * (a copy reads a source as well), a function that lists what must be allowed. There is no default.
 */
export type Access<Call> = string | ((call: Call) => readonly AccessRequest[]);

/** For operations that anyone may call, signed or not. Written out in the row, never implied. */
export const anyone = (): readonly AccessRequest[] => [];

/** A row of a service's operation table. */
export interface Operation<Call, Result> {
  /** AWS's name, `GetObjectAttributes`. */
  readonly name: string;
  readonly method: Method;
  /** Path template in AWS's notation: `/`, `/{Bucket}`, `/{Bucket}/{Key+}`, `/accounts/{id}`. */
  readonly path: string;
  /** Query parameters that select the row: present with any value (`true`), or with this one. */
  readonly query?: Readonly<Record<string, string | true>>;
  /** Headers that select the row by being present. */
  readonly headers?: readonly string[];
  readonly access: Access<Call>;
  readonly handle: (call: Call) => Promise<Result>;
}

interface Template<Row> {
  readonly segments: readonly string[];
  /** By method, most specific first. */
  readonly rows: Map<string, Row[]>;
}

type AnyOperation = Pick<Operation<never, unknown>, "name" | "method" | "path" | "query" | "headers">;

/** Finds the row for a request: the most specific one that fits, not the first. */
export class OperationTable<Row extends AnyOperation> {
  readonly rows: readonly Row[];
  readonly #templates = new Map<string, Template<Row>>();

  constructor(rows: readonly Row[]) {
    this.rows = rows;
    for (const row of rows) {
      const template = this.#templates.get(row.path) ?? { segments: row.path.split("/").slice(1), rows: new Map() };
      this.#templates.set(row.path, template);
      const sameMethod = template.rows.get(row.method) ?? [];
      sameMethod.push(row);
      sameMethod.sort((a: Row, b: Row) => countSelectors(b) - countSelectors(a));
      template.rows.set(row.method, sameMethod);
    }
  }

  /** The row for a method on a known template, by query and headers. */
  select(method: string, path: string, query: Query, headers: HeaderFields): Row | undefined {
    return this.#templates
      .get(path)
      ?.rows.get(method)
      ?.find((row) => isSelected(row, query, headers));
  }

  /** Methods that a template answers, for `Allow`. */
  methodsOf(path: string): string[] {
    return [...(this.#templates.get(path)?.rows.keys() ?? [])];
  }

  /** The template that a path fits, with its decoded parameters. Literal segments win over parameters. */
  findTemplate(segments: readonly string[]): { path: string; parameters: Record<string, string> } | undefined {
    let best: { path: string; parameters: Record<string, string>; literals: number } | undefined;
    for (const [path, template] of this.#templates) {
      const parameters = bindSegments(template.segments, segments);
      if (!parameters) continue;
      const literals = template.segments.filter((segment) => !segment.startsWith("{")).length;
      if (!best || literals > best.literals) best = { path, parameters, literals };
    }
    return best;
  }
}

function countSelectors(row: AnyOperation): number {
  return Object.keys(row.query ?? {}).length + (row.headers?.length ?? 0);
}

function isSelected(row: AnyOperation, query: Query, headers: HeaderFields): boolean {
  for (const name in row.query) {
    const wanted = row.query[name];
    if (wanted === true ? !query.has(name) : query.get(name) !== wanted) return false;
  }
  return row.headers?.every((name) => headers.has(name)) ?? true;
}

function bindSegments(template: readonly string[], actual: readonly string[]): Record<string, string> | undefined {
  if (template.length !== actual.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [position, segment] of template.entries()) {
    const value = actual[position]!;
    if (segment.startsWith("{")) parameters[segment.slice(1, -1)] = value;
    else if (segment !== value) return undefined;
  }
  return parameters;
}
