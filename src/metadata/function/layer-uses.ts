/**
 * Which versions of functions use which packages of layers: a layer that was deleted, or that belongs to
 * another account, works on for those that use it.
 */
import { keepCode, releaseCode } from "./codes.ts";
import type { FunctionLayer, LayerChoice } from "./layer-protocol.ts";
import type { FunctionVersion } from "./protocol.ts";

/** Notes the layers of a version, in place of those that it had. */
export function putLayerUses(sql: SqlStorage, { name, settings }: FunctionVersion, number: number): void {
  sql.exec("DELETE FROM layer_uses WHERE name = ? AND number = ?", name, number);
  for (const { arn, code } of settings.layers ?? []) {
    sql.exec(
      "INSERT INTO layer_uses (name, number, code_id, arn, record) VALUES (?, ?, ?, ?, ?)",
      name,
      number,
      code.codeId,
      arn,
      JSON.stringify({ arn, code }),
    );
  }
}

/** A layer as some version of a function of this account uses it. */
export function findLayerUse(sql: SqlStorage, arn: string): FunctionLayer | undefined {
  const [row] = sql.exec<{ record: string }>("SELECT record FROM layer_uses WHERE arn = ? LIMIT 1", arn).toArray();
  return row && (JSON.parse(row.record) as FunctionLayer);
}

/**
 * Makes sure that the packages are there to stay: those just copied are kept from now on, the others must be
 * a layer's or in use. False when one has been released since the caller looked.
 */
export function holdLayers(sql: SqlStorage, layers: readonly LayerChoice[]): boolean {
  return layers.every(({ layer: { code }, isCopied }) =>
    // The bytes of a copy count for the account that owns the layer.
    isCopied ? keepCode(sql, code.codeId, 0) : isHeld(sql, code.codeId),
  );
}

function isHeld(sql: SqlStorage, codeId: string): boolean {
  return (
    sql
      .exec(
        "SELECT 1 FROM layer_versions WHERE code_id = ?1 UNION ALL SELECT 1 FROM layer_uses WHERE code_id = ?1 LIMIT 1",
        codeId,
      )
      .toArray().length > 0
  );
}

/** Removes what versions of a function noted (all of them, or one by its number) and makes due what nothing else uses. */
export function removeLayerUses(sql: SqlStorage, name: string, number: number | undefined, due: number): void {
  const codes = sql
    .exec<{ code_id: string }>(
      "DELETE FROM layer_uses WHERE name = ?1 AND (?2 IS NULL OR number = ?2) RETURNING code_id",
      name,
      number ?? null,
    )
    .toArray();
  for (const { code_id } of codes) releaseCode(sql, code_id, due);
}

/** Makes due what a version used before a change and nothing uses now. */
export function releaseLayers(sql: SqlStorage, layers: readonly FunctionLayer[], due: number): void {
  for (const { code } of layers) releaseCode(sql, code.codeId, due);
}
