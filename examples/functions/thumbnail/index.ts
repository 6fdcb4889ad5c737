import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { decode, encode } from "jpeg-js";

/** What S3 sends of an upload, as far as it is used here. */
interface S3Event {
  readonly Records: readonly {
    readonly s3: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } };
  }[];
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of each pixel. */
  readonly data: Uint8Array;
}

const WIDTH = Number(process.env["WIDTH"] ?? 200);
const QUALITY = 80;

const s3 = new S3Client();

/** Writes a smaller picture for each that was uploaded, with the size of the original in its metadata. */
export async function handler({ Records }: S3Event): Promise<string[]> {
  return Promise.all(Records.map(({ s3: { bucket, object } }) => shrinkObject(bucket.name, decodeKey(object.key))));
}

/** Keys in events are encoded as in forms. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}

async function shrinkObject(bucket: string, key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (!Body) throw new Error(`${key} is empty`);
  const original = decode(await Body.transformToByteArray(), { useTArray: true });
  const small = shrink(original, WIDTH);
  const thumbnail = key.replace(/\.jpe?g$/i, "") + `-${small.width}.jpg`;
  await s3.send(
    new PutObjectCommand({
      Bucket: process.env["OUTPUT_BUCKET"],
      Key: thumbnail,
      Body: encode(small, QUALITY).data,
      ContentType: "image/jpeg",
      Metadata: { "original-width": String(original.width), "original-height": String(original.height) },
    }),
  );
  console.log(`${key}: ${original.width} × ${original.height} → ${thumbnail}`);
  return thumbnail;
}

/** Each pixel is the mean of those that it stands for. */
function shrink(picture: Picture, maxWidth: number): Picture {
  const width = Math.min(maxWidth, picture.width);
  const height = Math.max(1, Math.round((picture.height * width) / picture.width));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      data.set(averageOf(picture, x / width, y / height, 1 / width, 1 / height), (y * width + x) * 4);
  }
  return { width, height, data };
}

/** The mean of a rectangle, which is given in parts of the whole. */
function averageOf(
  { width, height, data }: Picture,
  left: number,
  top: number,
  across: number,
  down: number,
): number[] {
  const [x0, y0] = [Math.floor(left * width), Math.floor(top * height)];
  const x1 = Math.max(x0 + 1, Math.floor((left + across) * width));
  const y1 = Math.max(y0 + 1, Math.floor((top + down) * height));
  const sums = [0, 0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let at = (y * width + x0) * 4; at < (y * width + x1) * 4; at++) sums[at % 4]! += data[at]!;
  }
  return sums.map((sum) => sum / ((x1 - x0) * (y1 - y0)));
}
