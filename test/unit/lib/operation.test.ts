import { describe, expect, it } from "vitest";
import { OperationTable } from "../../../src/lib/operation.ts";
import { Query } from "../../../src/lib/query.ts";

const table = new OperationTable([
  { name: "Put", method: "PUT", path: "/{Bucket}/{Key+}" },
  { name: "Copy", method: "PUT", path: "/{Bucket}/{Key+}", headers: ["x-amz-copy-source"] },
  { name: "UploadPart", method: "PUT", path: "/{Bucket}/{Key+}", query: { partNumber: true, uploadId: true } },
  { name: "List", method: "GET", path: "/{Bucket}" },
  { name: "ListV2", method: "GET", path: "/{Bucket}", query: { "list-type": "2" } },
  { name: "GetAccount", method: "GET", path: "/accounts/{id}" },
  { name: "GetSelf", method: "GET", path: "/accounts/self" },
]);

const select = (method: string, path: string, query = "", headers: Record<string, string> = {}) =>
  table.select(method, path, new Query(query), new Headers(headers))?.name;

describe("OperationTable", () => {
  it("takes the most specific row, whatever the order of the rows", () => {
    expect(select("PUT", "/{Bucket}/{Key+}")).toBe("Put");
    expect(select("PUT", "/{Bucket}/{Key+}", "", { "x-amz-copy-source": "a/b" })).toBe("Copy");
    expect(select("PUT", "/{Bucket}/{Key+}", "partNumber=1&uploadId=x")).toBe("UploadPart");
    expect(select("PUT", "/{Bucket}/{Key+}", "partNumber=1")).toBe("Put");
  });

  it("selects by the value of a parameter where the row names one", () => {
    expect(select("GET", "/{Bucket}", "list-type=2")).toBe("ListV2");
    expect(select("GET", "/{Bucket}", "list-type=3")).toBe("List");
  });

  it("prefers literal segments and binds parameters", () => {
    expect(table.findTemplate(["accounts", "self"])?.path).toBe("/accounts/self");
    expect(table.findTemplate(["accounts", "7"])?.parameters).toEqual({ id: "7" });
    expect(table.findTemplate(["accounts", "7", "keys"])).toBeUndefined();
  });

  it("tells which methods a path answers", () => {
    expect(table.methodsOf("/{Bucket}/{Key+}")).toEqual(["PUT"]);
  });
});

describe("Query", () => {
  it("decodes as S3 does: + is a space, a bare name is empty, the first of several counts", () => {
    const query = new Query("prefix=a+b%2Bc&acl&x=1&x=2&%C3%A9=%");
    expect(query.get("prefix")).toBe("a b+c");
    expect(query.get("acl")).toBe("");
    expect(query.get("x")).toBe("1");
    expect(query.get("é")).toBe("%");
    expect(query.has("absent")).toBe(false);
  });
});
