import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.Result;

/**
 * Runs the Cypher statements of a file, each ended by a semicolon, in Neo4j with neosemantics.
 *
 * <p>Arguments: a folder for the database, with neo4j.conf and plugins/ in it; the file. Prints
 * each row, its values parted by tabs.
 */
final class Neosemantics {
  public static void main(String[] arguments) throws Exception {
    DatabaseManagementService service =
        new DatabaseManagementServiceBuilder(Path.of(arguments[0]).toAbsolutePath())
            .loadPropertiesFromFile(Path.of(arguments[0], "neo4j.conf"))
            .build();
    GraphDatabaseService database = service.database("neo4j");
    for (String each : Files.readString(Path.of(arguments[1])).split(";\\s*(\\n|$)")) {
      if (!each.isBlank()) {
        String rows = database.executeTransactionally(each, Map.of(), Neosemantics::rows);
        System.out.print(rows);
      }
    }
    service.shutdown();
    System.exit(0);
  }

  private static String rows(Result result) {
    StringBuilder rows = new StringBuilder();
    result.forEachRemaining(row -> rows
        .append(result.columns().stream().map(name -> String.valueOf(row.get(name)))
            .collect(Collectors.joining("\t")))
        .append('\n'));
    return rows.toString();
  }
}
