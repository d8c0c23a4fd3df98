/**
 * A compile that takes longer is ended by the compiler service, which names it. The limit of a test that builds is as many
 * of these as it compiles sources, so that a busy machine does not end the test before that.
 */
export const compileLimitMs = 120_000;
