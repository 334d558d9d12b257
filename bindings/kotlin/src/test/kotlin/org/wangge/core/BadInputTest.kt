package org.wangge.core

import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** What goes wrong says so in words for the worker, and loses nothing. */
@Timeout(120)
class BadInputTest {
    @TempDir
    lateinit var dir: Path

    private inline fun <reified E : WanggeException> fails(crossinline call: () -> Unit): E =
        assertThrows(E::class.java) { call() }.also { error ->
            val (zh, en) = error.say()
            assertTrue(zh.any { it in '一'..'龥' } && '冲' !in zh, zh)
            assertTrue(en.isNotBlank() && en.none { it in '一'..'龥' }, en)
        }

    @Test
    fun `a code that is wrong, mistyped, used or somewhere else`() {
        Server.start("示例县", GRID).use { server ->
            val phone = Wangge.open(dir.resolve("a").toString(), databaseKey())
            val code = server.invite("zhang.wei", "张伟", "GW", GRID)
            val mistyped = code.dropLast(9) + (if (code[code.length - 9] == '0') '1' else '0') + code.takeLast(8)
            for (wrong in listOf("", "你好", "WG1-", mistyped, code.dropLast(1))) {
                val error = fails<WanggeException.Invalid> { phone.enrol(wrong, "手机") }
                assertTrue("注册码" in error.say().zh, error.say().zh)
                assertEquals("code", error.problems.single().field)
            }
            assertNull(phone.account())
            phone.enrol(code, "手机")
            fails<WanggeException.NotAllowed> { phone.enrol(code, "手机") }

            val other = Wangge.open(dir.resolve("b").toString(), databaseKey())
            fails<WanggeException.NotAllowed> { other.enrol(code, "另一部手机") }
            assertNull(other.account())

            // The server goes away; work goes on.
            phone.syncAll()
            server.close()
            assertFalse(server.running)
            val resident = phone.newResident("王芳")
            val report = phone.sync()
            assertTrue(report.fault is WanggeException.Network, report.toString())
            assertEquals("王芳" to 1UL, phone.get(resident).title to phone.outbox().pending)
            listOf(phone, other).forEach(Wangge::close)
        }
    }

    @Test
    fun `files that are closed, in use, or under another key`() {
        val key = databaseKey()
        val place = dir.resolve("phone").toString()
        val phone = Wangge.open(place, key)
        fails<WanggeException.Busy> { Wangge.open(place, key) }
        phone.closeFiles()
        fails<WanggeException.Closed> { phone.account() }
        fails<WanggeException.Closed> { phone.list(ListRequest()) }
        Wangge.open(place, key).use { visitor -> assertNull(visitor.account()) }
        phone.reopen()
        assertNull(phone.account())
        phone.close()
        assertThrows(IllegalStateException::class.java) { phone.account() }

        fails<WanggeException.Storage> { Wangge.open(place, databaseKey()) }
        fails<WanggeException.Invalid> { Wangge.open(place, ByteArray(16)) }
        Wangge.open(place, key).use { again -> assertNull(again.account()) }
    }

    @Test
    fun `before enrolment nothing can be written, and names have a shape`() {
        Wangge.open(dir.toString(), databaseKey()).use { phone ->
            fails<WanggeException.NotAllowed> { phone.newResident("王芳") }
            fails<WanggeException.NotAllowed> { phone.sync() }
            val error = fails<WanggeException.Invalid> { phone.get(RecordId("not a record")) }
            assertTrue("记录编号" in error.say().zh)
            assertNull(phone.kind(KindName("dragon")))
        }
    }
}
