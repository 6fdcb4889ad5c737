/**
 * Names that packed code uses for what the shim hands it (shim/modules.ts). Long enough that no program
 * has them.
 */
export const DYNAMIC_IMPORT = "__verge_import";
/** Called by loops when their counter runs out; returns the next count. */
export const LOOP_CHECK = "__verge_loop_check";
/** Counts up to zero. */
export const LOOP_COUNT = "__verge_loop_count";
/** The record of an ES module. */
export const ES_MODULE = "__verge_module";
/** Namespaces of the modules that an ES module imports, by number. */
export const NAMESPACE = "__verge_namespace";
/** The value of `export default` when it has no name of its own. */
export const DEFAULT_EXPORT = "__verge_default";
