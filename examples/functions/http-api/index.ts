import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";

const Bucket = process.env["NOTES_BUCKET"];
const s3 = new S3Client();
const app = new Hono();

/** Notes, each an object of a bucket. */
app.get("/notes", async (context) => {
  const ids: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) ids.push(Key);
  }
  return context.json({ ids });
});

app.post("/notes", async (context) => {
  const id = crypto.randomUUID();
  await s3.send(new PutObjectCommand({ Bucket, Key: id, Body: await context.req.text(), ContentType: "text/plain" }));
  return context.json({ id }, 201, { location: `notes/${id}` });
});

app.get("/notes/:id", async (context) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: context.req.param("id") }));
  return context.text((await Body?.transformToString()) ?? "");
});

app.delete("/notes/:id", async (context) => {
  await s3.send(new DeleteObjectCommand({ Bucket, Key: context.req.param("id") }));
  return context.body(null, 204);
});

app.onError((error, context) => {
  if (error instanceof NoSuchKey) return context.json({ error: "There is no such note." }, 404);
  console.error(error);
  return context.json({ error: "Something went wrong." }, 500);
});

export const handler = handle(app);
