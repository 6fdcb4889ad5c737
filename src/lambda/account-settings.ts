import { MAX_CONCURRENCY } from "../metadata/function/functions.ts";
import { MAX_CODE_BYTES } from "../metadata/function/limits.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";

/** GetAccountSettings: AWS's default quotas, which are also this deployment's, and what is used of them. */
export async function getAccountSettings(call: LambdaCall): Promise<LambdaResult> {
  const { codeSize, functions, reserved } = await call.ports.registry(call.account.id).readUsage();
  return {
    status: 200,
    json: {
      AccountLimit: {
        TotalCodeSize: MAX_CODE_BYTES,
        CodeSizeUnzipped: 262_144_000,
        CodeSizeZipped: 52_428_800,
        ConcurrentExecutions: MAX_CONCURRENCY,
        UnreservedConcurrentExecutions: MAX_CONCURRENCY - reserved,
      },
      AccountUsage: { TotalCodeSize: codeSize, FunctionCount: functions },
    },
  };
}
