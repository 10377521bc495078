import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/**/*.browser.*"],
    globalSetup: "test/support/globalSetup.ts",
    pool: "forks",
    // Many tests wait for processes, leases and clocks: with four workers two cores are busy.
    maxWorkers: 4,
    testTimeout: 90_000,
    hookTimeout: 60_000
  }
})
