import java.nio.file.Path;
import org.rdfhdt.hdt.enums.RDFNotation;
import org.rdfhdt.hdt.hdt.HDT;
import org.rdfhdt.hdt.hdt.HDTManager;
import org.rdfhdt.hdt.options.HDTSpecification;

/** Makes an HDT file of an N-Triples file, maps it again and prints how many triples it holds. */
final class Hdt {
  public static void main(String[] arguments) throws Exception {
    try (HDT made = HDTManager.generateHDT(
        arguments[0], "https://w3id.org/jiqun/", RDFNotation.NTRIPLES, new HDTSpecification(), null)) {
      made.saveToHDT(arguments[1], null);
    }
    try (HDT mapped = HDTManager.mapHDT(Path.of(arguments[1]).toString(), null)) {
      System.out.println(mapped.search("", "", "").estimatedNumResults());
    }
  }
}
