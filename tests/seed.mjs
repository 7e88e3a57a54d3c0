// Loaded before each test file: property tests draw the same cases each time, so that a run can be repeated. Others are drawn with
// TRIBUNE_PROPERTY_SEED=N; a case that fails belongs into its test as an example.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.TRIBUNE_PROPERTY_SEED ?? 1) });
