package org.wangge.core

import com.sun.jna.Native
import java.nio.file.Path
import java.security.SecureRandom
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull

const val GRID = "110101001001001"
const val FAR_GRID = "110101001001002"
val RESIDENT = KindName("resident")

/** What the key store of a phone would hold. */
fun databaseKey(): ByteArray = ByteArray(32).also { SecureRandom().nextBytes(it) }

/** A phone of a new person who works in the grid. */
fun Server.phone(dir: Path, user: String, name: String, role: String = "GW", grid: String = GRID): Wangge {
    val phone = Wangge.open(dir.resolve(user).toString(), databaseKey())
    val account = phone.enrol(invite(user, name, role, grid), "$name 的手机")
    assertEquals(listOf(UserId(user), name, listOf(Scope(grid))), account.run { listOf(this.user, userName, scopes) })
    return phone
}

/** A new resident, as a worker fills in the form at the door. */
fun Wangge.newResident(name: String): RecordId =
    edit(EditRequest(RESIDENT, Source.SELF_SAID, edits = listOf(put("name", name)))).record

/** The name as a document shows it. */
fun Wangge.correctName(record: RecordId, name: String): EditOutcome =
    edit(EditRequest(RESIDENT, Source.DOCUMENT_SEEN, record, edits = listOf(put("name", name))))

fun Wangge.name(record: RecordId): FieldView = checkNotNull(get(record).field("name"))

/** A sync that must get through. */
fun Wangge.syncAll(): SyncReport = sync().also { assertNull(it.fault, it.toString()) }

/** JNA prints what a callback throws beyond an `Exception`; here that is meant to happen. */
fun <T> withoutTraces(block: () -> T): T {
    val before = Native.getCallbackExceptionHandler()
    Native.setCallbackExceptionHandler { _, _ -> }
    return try {
        block()
    } finally {
        Native.setCallbackExceptionHandler(before)
    }
}
