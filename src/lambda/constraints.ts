import { Violations as AnyViolations } from "../lib/violations.ts";
import { lambdaError } from "./errors.ts";

/** Broken constraints of Lambda's model: all of them in one ValidationException. */
export class Violations extends AnyViolations {
  constructor() {
    super((message) => lambdaError("ValidationException", message));
  }
}
