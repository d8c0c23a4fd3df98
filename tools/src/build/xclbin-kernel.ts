// The one kernel of an xclbin that a build makes.

/** Names that hosts look up; those of every xclbin of mlir-aie. */
export const xclbinKernelName = "MLIR_AIE";
export const xclbinInstanceName = "MLIRAIE";

/** Buffers that a kernel declares at least: runlists of XRT need this many. Source: mlir-aie, aiecc (2026-07). */
export const minimumBuffers = 5;
