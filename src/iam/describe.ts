import type { AwsPolicy } from "../auth/policy/aws-policies.ts";
import { formatEntityArn } from "../auth/principals.ts";
import type { QueryResult } from "../lib/query-protocol.ts";
import type { EntityRecord, IamTag, PolicyRecord, PolicyVersionRecord } from "../metadata/iam/protocol.ts";

/** Lists leave tags and boundaries out (API Reference, ListUsers, ListRoles). */
export function describeEntity(accountId: string, entity: EntityRecord, inList = false): QueryResult {
  const { kind, name, id, path, createdAt, boundary, tags, role } = entity;
  const common = { Path: path, Arn: formatEntityArn(accountId, entity), CreateDate: new Date(createdAt) };
  if (kind === "group") return { ...common, GroupName: name, GroupId: id };
  const named = kind === "user" ? { UserName: name, UserId: id } : { RoleName: name, RoleId: id };
  const bounding = { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundary };
  return {
    ...common,
    ...named,
    ...(role && {
      AssumeRolePolicyDocument: encodeDocument(role.trust),
      ...(role.description !== "" && { Description: role.description }),
      MaxSessionDuration: role.maxSessionSeconds,
    }),
    ...(!inList && boundary !== undefined && { PermissionsBoundary: bounding }),
    ...(!inList && tags.length > 0 && { Tags: describeTags(tags) }),
  };
}

export function describeTags(tags: readonly IamTag[]): QueryResult[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

export function describePolicy(policy: PolicyRecord, inList = false): QueryResult {
  const { arn, id, name, path, description, tags, defaultVersion, attachments, boundaries } = policy;
  return {
    PolicyName: name,
    PolicyId: id,
    Arn: arn,
    Path: path,
    DefaultVersionId: `v${defaultVersion}`,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    ...(!inList && description !== "" && { Description: description }),
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
    ...(!inList && tags.length > 0 && { Tags: describeTags(tags) }),
  };
}

/** Without an id and dates: here nobody has made it. */
export function describeAwsPolicy({ name, policyName, path }: AwsPolicy): QueryResult {
  return { PolicyName: policyName, Arn: name, Path: path, DefaultVersionId: "v1", IsAttachable: true };
}

export function describeAwsVersion({ document }: AwsPolicy): QueryResult {
  return { Document: encodeDocument(document), VersionId: "v1", IsDefaultVersion: true };
}

export function describeVersion({ version, document, createdAt, isDefault }: PolicyVersionRecord): QueryResult {
  return {
    Document: encodeDocument(document),
    VersionId: `v${version}`,
    IsDefaultVersion: isDefault,
    CreateDate: new Date(createdAt),
  };
}

/** Answers have documents as RFC 3986 writes them in URLs (API Reference, GetUserPolicy). */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
