import fc from "fast-check";
import { findOffence, type Scene } from "./model.ts";
import { type Engine, play } from "./play.ts";
import { scenes } from "./scenes.ts";

export interface Comparison {
  readonly failed: boolean;
  /** The simplest scene that was found in which the engine does wrong, and what is wrong with it. */
  readonly scene: Scene | undefined;
  readonly offences: readonly (string | undefined)[];
}

/** Plays random scenes until the model objects, or there were enough; always the same ones where a seed is given. */
export function compareWithModel(engine: Engine, pairs: number, seed?: number): Comparison {
  const judge = (scene: Scene) => play(engine, scene).map((conduct) => findOffence(scene, conduct));
  const property = fc.property(scenes, (scene) => judge(scene).every((offence) => offence === undefined));
  const { failed, counterexample } = fc.check(property, { numRuns: pairs, ...(seed !== undefined && { seed }) });
  const scene = counterexample?.[0];
  return { failed, scene, offences: scene ? judge(scene) : [] };
}
