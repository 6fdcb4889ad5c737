import { invalidArgument, s3Error } from "../errors.ts";

/** The body is no multipart/form-data, or ends before its last boundary. */
export function malformedForm() {
  return s3Error("MalformedPOSTRequest");
}

/** A form has one field named `file`; S3 tells how many it found. */
export function wrongNumberOfFiles(files: number) {
  return invalidArgument("POST requires exactly one file upload per request.", "file", String(files));
}

/** A field that must be there, before the file: what comes after it is not read. */
export function missingField(name: string) {
  return invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    "",
  );
}
