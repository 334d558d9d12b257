package org.wangge.core

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.deleteRecursively
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.readText

/** The real server of a county of its own, on a free port of this machine, with everything it wrote removed at the end. */
class Server private constructor(private val root: Path, private val process: Process, val url: String) : AutoCloseable {
    val running: Boolean get() = process.isAlive

    /** Makes an account where there is none, and a code for one phone of it. */
    fun invite(user: String, name: String, role: String, grid: String): String {
        val answer = command(root, "invite", "--user", user, "--name", name, "--role", role, "--grid", grid, "--json")
        return value(answer, "code")
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        @OptIn(ExperimentalPathApi::class)
        root.deleteRecursively()
    }

    companion object {
        private val binary: String = checkNotNull(System.getProperty("wangge.server")) { "run by Maven, which builds it" }

        fun start(county: String, vararg grids: String): Server {
            val root = Files.createTempDirectory("wangge-server")
            val password = "correct horse battery"
            command(
                root, "init", "--county", county, "--host", "127.0.0.1", "--admin", "admin", "--password-stdin",
                input = password,
            )
            for (grid in grids) command(root, "region", "add", grid, "--name", "网格 $grid")
            val serve = line(root, "serve", "--listen", "127.0.0.1", "--port", "0", "--quiet", "--json")
            val process = ProcessBuilder(serve).redirectError(root.resolve("serve.log").toFile()).start()
            // A test run that is stopped leaves no server behind.
            Runtime.getRuntime().addShutdownHook(Thread { process.destroyForcibly() })
            val hello = process.inputStream.bufferedReader().readLine()
                ?: error("the server did not start:\n${root.resolve("serve.log").readText()}")
            return Server(root, process, value(hello, "url"))
        }

        private fun line(root: Path, vararg words: String) =
            listOf(binary, *words, "--data", root.resolve("data").toString())

        private fun command(root: Path, vararg words: String, input: String = ""): String {
            val errors = root.resolve("errors.log")
            val process = ProcessBuilder(line(root, *words)).redirectError(errors.toFile()).start()
            process.outputStream.bufferedWriter().use { it.appendLine(input) }
            val output = process.inputStream.bufferedReader().readText()
            check(process.waitFor() == 0) { "${words.toList()} failed:\n${errors.readText()}" }
            return output
        }

        /** A text of a flat JSON answer; its values hold no escapes. */
        private fun value(json: String, key: String): String =
            checkNotNull(Regex("\"$key\"\\s*:\\s*\"([^\"]*)\"").find(json)) { "no $key in $json" }.groupValues[1]
    }
}
