import { paginateListObjectsV2, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

/** What EventBridge Scheduler sends, as far as it is used here. */
interface ScheduledEvent {
  /** ISO 8601. */
  readonly time: string;
}

interface Total {
  objects: number;
  bytes: number;
  newest: Date;
}

const s3 = new S3Client();

/** Writes what each top-level folder of a bucket holds, as `<day>.csv` to another bucket. */
export async function handler({ time }: ScheduledEvent): Promise<{ key: string; folders: number }> {
  const totals = await sumFolders(process.env["SOURCE_BUCKET"]);
  const key = `${new Date(time).toISOString().slice(0, 10)}.csv`;
  await s3.send(
    new PutObjectCommand({
      Bucket: process.env["REPORT_BUCKET"],
      Key: key,
      Body: renderCsv(totals),
      ContentType: "text/csv; charset=utf-8",
    }),
  );
  return { key, folders: totals.size };
}

async function sumFolders(Bucket: string | undefined): Promise<Map<string, Total>> {
  const totals = new Map<string, Total>();
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key = "", LastModified = new Date(0), Size = 0 } of page.Contents ?? []) {
      const folder = Key.slice(0, Key.indexOf("/") + 1);
      const total = totals.get(folder) ?? { objects: 0, bytes: 0, newest: LastModified };
      total.objects += 1;
      total.bytes += Size;
      if (LastModified > total.newest) total.newest = LastModified;
      totals.set(folder, total);
    }
  }
  return totals;
}

function renderCsv(totals: ReadonlyMap<string, Total>): string {
  const lines = [...totals].map(([folder, { objects, bytes, newest }]) =>
    [quote(folder), objects, bytes, newest.toISOString()].join(","),
  );
  return ["folder,objects,bytes,newest", ...lines, ""].join("\r\n");
}

/** RFC 4180. */
function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
