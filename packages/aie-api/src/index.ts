export { defaultCompileArgs, headers } from "./headers.ts";
export { type ApiNames, apiNames, simulatorNames } from "./portability/api-names.ts";
export { checkHeaders } from "./portability/check-headers.ts";
export { checkKernelHeaders } from "./portability/check-kernel-headers.ts";
export { checkKernels } from "./portability/check-kernels.ts";
export { type Finding, formatFinding } from "./portability/finding.ts";
