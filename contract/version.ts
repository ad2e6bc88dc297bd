/** Version of Holdfast; equal to package.json's (a unit test compares them). */
export const HOLDFAST_VERSION = '0.1.0';
