import { type InputErrors, JsonInput } from "../lib/json-input.ts";
import { lambdaError } from "./errors.ts";

const ERRORS: InputErrors = {
  unreadable: (why) => lambdaError("InvalidRequestContentException", `Could not parse request body into json: ${why}`),
  wrongType: (message) => lambdaError("SerializationException", message),
  invalid: (message) => lambdaError("ValidationException", message),
};

export type Input = JsonInput;

/** The members of a request to Lambda. */
export const Input = {
  /** @throws ServiceError InvalidRequestContentException for what is not a JSON object. */
  parse: (body: Uint8Array): JsonInput => JsonInput.parse(body, ERRORS),
};
