import { defineConfig } from "vitest/config"

// One browser at a time: two of them and the services they look at are too much for two cores.
export default defineConfig({
  test: {
    include: ["test/browser/**/*.browser.test.ts"],
    globalSetup: "test/support/globalSetup.ts",
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
