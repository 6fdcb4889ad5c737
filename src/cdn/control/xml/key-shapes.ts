import type {
  KeyGroupConfig,
  OriginAccessIdentityConfig,
  PublicKeyConfig,
} from "../../../metadata/cdn/registry-protocol.ts";
import { listOf, required, type Shape, structure, text, withDefault } from "./shape.ts";

export const publicKeyShape: Shape<PublicKeyConfig> = structure<PublicKeyConfig>({
  CallerReference: required(text),
  Name: required(text),
  EncodedKey: required(text),
  Comment: withDefault(text, ""),
});

export const keyGroupShape: Shape<KeyGroupConfig> = structure<KeyGroupConfig>({
  Name: required(text),
  Items: required(listOf("PublicKey", text)),
  Comment: withDefault(text, ""),
});

export const originAccessIdentityShape: Shape<OriginAccessIdentityConfig> = structure<OriginAccessIdentityConfig>({
  CallerReference: required(text),
  Comment: required(text),
});
