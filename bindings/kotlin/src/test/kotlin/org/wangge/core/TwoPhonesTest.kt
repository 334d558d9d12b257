package org.wangge.core

import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.Base64
import kotlin.random.Random
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** Phones of one grid and the real server between them. */
@Timeout(120)
class TwoPhonesTest {
    companion object {
        private lateinit var server: Server

        @BeforeAll
        @JvmStatic
        fun start() {
            server = Server.start("示例县", GRID, FAR_GRID)
        }

        @AfterAll
        @JvmStatic
        fun stop() {
            server.close()
            assertFalse(server.running, "no server is left behind")
        }
    }

    @TempDir
    lateinit var dir: Path

    @Test
    fun `two people correct one name from documents and a grid head decides`() {
        server.phone(dir, "zhang.wei", "张伟").use { zhang ->
            server.phone(dir, "li.na", "李娜").use { li ->
                val resident = zhang.newResident("王芳")
                zhang.syncAll()
                li.syncAll()
                assertEquals("王芳", li.name(resident).shown)

                // Both are out of reach of the network and of each other.
                zhang.correctName(resident, "王方")
                li.correctName(resident, "汪芳")
                assertEquals(listOf("王方", "汪芳"), listOf(zhang, li).map { it.name(resident).shown })
                assertTrue(listOf(zhang, li).all { it.attention().isEmpty() && it.outbox().pending == 1UL })

                zhang.syncAll()
                li.syncAll()
                zhang.syncAll()
                for (phone in listOf(zhang, li)) {
                    val name = phone.name(resident)
                    assertTrue(name.contested)
                    assertEquals(setOf("王方", "汪芳"), name.claims.mapNotNull { it.value.textOrNull() }.toSet() - "王芳")
                    val item = phone.attention().single { it.record == resident }
                    assertEquals("name", item.field)
                    for (word in listOf("王方", "汪芳")) assertTrue(word in item.say.zh, item.say.zh)
                    assertFalse("冲突" in item.say.zh, item.say.zh)
                }
                assertEquals(zhang.attention(), li.attention())
                assertEquals(zhang.get(resident), li.get(resident))

                server.phone(dir, "zhao.min", "赵敏", "GL").use { head ->
                    head.syncAll()
                    assertEquals(zhang.attention().map { it.id }, head.attention().map { it.id })
                    val decision = EditRequest(
                        RESIDENT, Source.DOCUMENT_SEEN, resident,
                        edits = listOf(put("name", "王方")), decide = listOf(ClaimId.ALL),
                    )
                    // A worker may not decide on a name; the head may.
                    val refused = assertThrows(WanggeException.Invalid::class.java) { li.edit(decision) }
                    assertEquals(listOf("decide"), refused.problems.map { it.rule })
                    head.edit(decision)
                    head.syncAll()
                }
                zhang.syncAll()
                li.syncAll()
                for (phone in listOf(zhang, li)) {
                    assertEquals(false to "王方", phone.name(resident).run { contested to shown })
                    assertTrue(phone.attention().isEmpty())
                    val told = phone.history(resident, "name")
                    assertEquals(listOf("王芳", "王方", "汪芳"), told.filterNot { it.decision }.map { it.value.textOrNull() })
                    assertEquals(UserId("zhao.min"), told.single { it.decision }.author)
                }
            }
        }
    }

    @Test
    fun `times, sets and pages come across as they are`() {
        server.phone(dir, "chen.jie", "陈杰").use { chen ->
            val before = chen.listAll(ListRequest(RESIDENT)).count()
            val names = (1..7).map { "孙$it" }
            names.forEach(chen::newResident)
            assertEquals(before + 7, chen.listAll(ListRequest(RESIDENT, limit = 3U)).count())
            assertEquals(3, chen.list(ListRequest(RESIDENT, limit = 3U)).items.size)
            assertEquals(names.toSet(), chen.listAll(ListRequest(RESIDENT, text = "孙", limit = 2U)).map { it.title }.toSet())

            val seen = Instant.now().minus(Duration.ofHours(3)).let { Instant.ofEpochMilli(it.toEpochMilli()) }
            val resident = chen.list(ListRequest(RESIDENT, text = "孙4")).items.single().record
            val telephones = listOf(
                FieldEdit.Add("phones", "13800138000", "2025-01-02"),
                FieldEdit.End("phones", "13900139000", "2024-05-06"),
            )
            chen.edit(EditRequest(RESIDENT, Source.SELF_SAID, resident, observedAt = seen, edits = telephones))
            val phones = chen.get(resident).field("phones")!!
            assertEquals(
                setOf(Member("13800138000", true, "2025-01-02"), Member("13900139000", false, "2024-05-06")),
                phones.members.toSet(),
            )
            assertTrue(chen.history(resident, "phones").all { it.at == seen && it.recordedAt > seen })
            val account = chen.account()!!
            assertEquals(Role.GW to "专职网格员", account.role to account.role.zh())
            val contact = chen.contact()!!
            assertEquals(LeaseState.GOOD to true, chen.lease() to (contact.lockAt > contact.warnAt))
        }
    }

    @Test
    fun `a form is data`() {
        server.phone(dir, "wu.gang", "吴刚", "PG").use { partTime ->
            val resident = partTime.kind(RESIDENT)!!
            assertEquals("居民", resident.zh)
            assertFalse(resident.writable || resident.fields.any { it.visible }, "a part-time worker holds no names")
            val event = partTime.kind(KindName("event"))!!
            assertTrue(event.writable && event.fields.any { it.writable && it.required })
            val codes = event.fields.first { it.fieldType == FieldType.CODE }.codes
            assertTrue(codes.isNotEmpty() && codes.all { it.zh.isNotBlank() && it.en.isNotBlank() })
            assertEquals(partTime.kinds().map { it.name }.toSet().size, partTime.kinds().size)

            val refused = assertThrows(WanggeException.Invalid::class.java) { partTime.newResident("王芳") }
            assertTrue("岗位" in refused.say().zh, refused.say().zh)
        }
    }

    @Test
    fun `progress is heard and may look around`() {
        server.phone(dir, "zhou.tao", "周涛").use { zhou ->
            val resident = zhou.newResident("郑爽")
            val rounds = mutableListOf<UInt>()
            val report = zhou.sync { progress ->
                rounds += progress.rounds
                // No lock is held: every call but another sync goes through.
                assertEquals("郑爽", zhou.get(resident).title)
                zhou.newResident("郑直")
                assertThrows(WanggeException.Busy::class.java) { zhou.sync() }
                SyncAnswer.CONTINUE
            }
            assertEquals(listOf(null, null), report.run { listOf(fault, listenerFailure) })
            assertEquals((1U..report.rounds).toList(), rounds)
            assertTrue(report.sent >= 1UL, report.toString())
            zhou.syncAll()
            assertEquals(0UL, zhou.outbox().pending)
        }
    }

    @Test
    fun `a sync is cancelled by a word, and by whatever a listener throws`() {
        var calls = 0
        val careless = object : SyncListener {
            override fun progress(progress: SyncProgress): SyncAnswer {
                calls += 1
                throw OutOfMemoryError("careless")
            }
        }
        val cancelling: List<(Wangge) -> SyncReport> = listOf(
            { it.sync { calls += 1; SyncAnswer.CANCEL } },
            { it.sync { calls += 1; error("no such screen") } },
            { it.sync { calls += 1; throw OutOfMemoryError("no such screen") } },
            { withoutTraces { it.sync(careless) } },
        )
        server.phone(dir, "qian.feng", "钱峰", grid = FAR_GRID).use { qian ->
            // Much more than one request may carry: 56 households, each with 90 KB of notes that do not compress.
            val random = Random(7)
            val note = { FieldEdit.Append("notes", Base64.getEncoder().encodeToString(random.nextBytes(330))) }
            val notes = { EditRequest(KindName("household"), Source.SELF_SAID, edits = List(200) { note() }) }
            repeat(56) { qian.edit(notes()) }
            for ((number, sync) in cancelling.withIndex()) {
                val waiting = qian.outbox().pending
                calls = 0
                val report = sync(qian)
                assertEquals(1, calls)
                assertTrue("取消" in report.fault!!.say().zh, report.toString())
                assertEquals(number == 0, report.listenerFailure == null, report.toString())
                assertTrue(qian.outbox().pending in 1UL..<waiting, "what was handed over stays")
            }
            qian.syncAll()
            assertEquals(0UL to 56UL, qian.outbox().run { pending to accepted })
        }
    }

    @Test
    fun `many threads, one object`() {
        server.phone(dir, "he.ping", "何平").use { he ->
            val threads = (1..4).map { worker ->
                Thread {
                    repeat(10) { number ->
                        val resident = he.newResident("何$worker$number")
                        assertEquals("何$worker$number", he.get(resident).title)
                    }
                }.apply { start() }
            }
            while (threads.any(Thread::isAlive)) he.syncAll()
            threads.forEach(Thread::join)
            he.syncAll()
            assertEquals(40UL to 0UL, he.outbox().run { accepted to pending })
        }
    }
}
