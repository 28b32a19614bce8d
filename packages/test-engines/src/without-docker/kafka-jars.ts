import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { runMaven } from './run-maven.ts'

const KAFKA_VERSION = '4.3.1'
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>auto-refresh</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

/**
 * Returns the folder with Kafka's jars: 44 MB from Maven Central the first time, then from the
 * cache.
 */
export async function kafkaJars(environment: NodeJS.ProcessEnv): Promise<string> {
  return cacheFolder({
    name: `kafka-${KAFKA_VERSION}`,
    environment,
    async fill(folder) {
      const pom = join(folder, 'pom.xml')
      await writeFile(pom, POM)
      await runMaven(
        [
          '-f',
          pom,
          'dependency:copy-dependencies',
          '-DincludeScope=runtime',
          `-DoutputDirectory=${folder}`,
        ],
        environment,
      )
    },
  })
}
