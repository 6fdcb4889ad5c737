import { expect, test } from "vitest";
import { checkLocation } from "../../../src/s3/bucket-location.ts";

test.each([
  [undefined, "us-east-1"],
  ["", "us-east-1"],
  ["auto", "us-east-1"],
  ["auto", "eu-central-1"],
  ["eu-central-1", "eu-central-1"],
  ["EU", "eu-west-1"],
])("the constraint %j is served in %s", (constraint, region) => {
  expect(() => checkLocation(constraint, region)).not.toThrow();
});

test.each([
  ["us-east-1", "us-east-1", "InvalidLocationConstraint"],
  ["nowhere", "us-east-1", "InvalidLocationConstraint"],
  ["eu-west-1", "us-east-1", "IllegalLocationConstraintException"],
  ["us-gov-west-1", "us-east-1", "IllegalLocationConstraintException"],
  ["EU", "us-east-1", "IllegalLocationConstraintException"],
  [undefined, "eu-central-1", "IllegalLocationConstraintException"],
  ["us-east-1", "eu-central-1", "IllegalLocationConstraintException"],
])("the constraint %j in %s is a %s", (constraint, region, code) => {
  expect(() => checkLocation(constraint, region)).toThrow(expect.objectContaining({ code, status: 400 }));
});
