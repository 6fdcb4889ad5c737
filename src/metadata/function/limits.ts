/** AWS's quota of an account's code, functions and layers together ("Lambda quotas"): GetAccountSettings shows it. */
export const MAX_CODE_BYTES = 80_530_636_800;
